// A crash written down by the process that has it, as Unreal does below Saved/Crashes: which signal, and the stack.
#pragma once

#include <string>

namespace sample {

// From now on a fatal signal leaves `crash-<pid>.txt` in the folder, and then ends the process as it would have without.
void writeCrashesTo(const std::string& folder);

}  // namespace sample
