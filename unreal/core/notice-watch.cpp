#include "notice-watch.h"

#include <algorithm>

namespace lifeverse {

namespace {

constexpr int kWatchSeconds = 20;
constexpr Millis kRetryMs = 1'000;

}  // namespace

void NoticeWatch::tick(Millis now) {
  now_ = now;
  if (watching_ || now < watchAt_) return;
  // The first answer comes at once: what was said before we asked counts, too.
  watching_ = client_.notices(version_.empty() ? 0 : kWatchSeconds, version_, [this](const Result<Notices>& result) {
    watching_.reset();
    watchAt_ = now_ + (result && result.value->version != version_ ? 0 : kRetryMs);
    if (result) heard(*result.value);
  });
}

void NoticeWatch::hush() {
  if (watching_) client_.cancel(*watching_);
  watching_.reset();
  watchAt_ = 0;
}

void NoticeWatch::heard(const Notices& notices) {
  if (notices.version == version_) return;
  version_ = notices.version;
  notices_ = notices.notices;
  host_.noticed(notices_);
  // A copy, since the host may end the session by what it hears.
  for (const Notice& notice : notices.notices) tell(notice);
}

void NoticeWatch::tell(const Notice& notice) {
  const auto leftUntil = [this](std::int64_t instant) { return std::max<Millis>(0, instant - wallClock_()); };
  switch (notice.kind) {
    case Notice::Kind::Kick:
      if (told_.insert("kick " + notice.playerId + " " + notice.at).second) host_.kicked(notice.playerId, notice.reason);
      return;
    case Notice::Kind::Drain:
      if (told_.insert("drain").second) host_.draining(notice.reason, notice.endsAt ? std::optional<Millis>(leftUntil(*notice.endsAt)) : std::nullopt);
      return;
    case Notice::Kind::SessionEnd:
      if (told_.insert("session-end").second) host_.endsIn(notice.reason, notice.startsAt ? leftUntil(*notice.startsAt) : 0);
      return;
    case Notice::Kind::Maintenance:
      // A window that is moved is told anew.
      if (!notice.endsSessions || !notice.startsAt) return;
      if (told_.insert("maintenance " + notice.window + " " + std::to_string(*notice.startsAt)).second) {
        host_.endsIn(notice.reason, leftUntil(*notice.startsAt));
      }
      return;
    case Notice::Kind::ReadOnly:
      // The acks say it of each journal.
    case Notice::Kind::Other: return;
  }
}

}  // namespace lifeverse
