#include "crash-note.h"

#include <execinfo.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace sample {

namespace {

// A crashing process may not allocate: everything is ready beforehand.
char crashFile[4'096];

void writeText(int file, const char* text) {
  if (::write(file, text, std::strlen(text)) < 0) return;
}

void writeCrash(int signal) {
  const int file = ::open(crashFile, O_WRONLY | O_CREAT | O_TRUNC, 0640);
  if (file >= 0) {
    const char digits[] = {static_cast<char>('0' + signal / 10 % 10), static_cast<char>('0' + signal % 10), '\n', '\0'};
    writeText(file, "signal ");
    writeText(file, digits);
    void* frames[64];
    ::backtrace_symbols_fd(frames, ::backtrace(frames, 64), file);
    ::close(file);
  }
  // The handler was taken away before it was called: this one ends the process.
  ::raise(signal);
}

}  // namespace

void writeCrashesTo(const std::string& folder) {
  const std::string path = folder + "/crash-" + std::to_string(::getpid()) + ".txt";
  if (path.size() >= sizeof crashFile) return;
  std::memcpy(crashFile, path.c_str(), path.size() + 1);
  // The first call loads a library, which allocates.
  void* frame[1];
  ::backtrace(frame, 1);
  struct sigaction action {};
  action.sa_handler = writeCrash;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) ::sigaction(signal, &action, nullptr);
}

}  // namespace sample
