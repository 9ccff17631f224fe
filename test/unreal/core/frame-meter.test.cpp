#include "core/frame-meter.h"

#include <gtest/gtest.h>

using namespace lifeverse;

TEST(FrameMeter, CountsFramesAndFindsTheLongestGapAlsoAcrossReports) {
  FrameMeter meter;
  for (const Millis at : {1'000, 1'033, 1'700}) meter.frame(at);
  ASSERT_TRUE(meter.report().frames == 2 && meter.report().longestMs == 667);
  meter.restart();
  meter.frame(1'900);
  ASSERT_TRUE(meter.report().frames == 1 && meter.report().longestMs == 200);
}

TEST(FrameMeter, TellsMeanHitchesAndThe99thPercentileToWithinATenth) {
  FrameMeter meter(20);
  Millis now = 0;
  meter.frame(now);
  // 985 frames of 20 ms, 15 of 100 ms: one in a hundred takes 100.
  for (int i = 0; i < 1'000; ++i) meter.frame(now += i % 70 == 69 || i == 0 ? 100 : 20);
  const FrameReport report = meter.report();
  ASSERT_EQ(report.frames, 1'000);
  ASSERT_EQ(report.hitches, 15);
  ASSERT_NEAR(report.meanMs, 21.2, 0.01);
  ASSERT_TRUE(report.p99Ms >= 100 * 0.999 && report.p99Ms <= 110 && report.p99Ms <= report.longestMs);
  FrameMeter calm(20);
  for (Millis at = 0; at <= 20'000; at += 20) calm.frame(at);
  ASSERT_TRUE(calm.report().p99Ms >= 19.99 && calm.report().p99Ms <= 22 && calm.report().hitches == 0);
}

TEST(FrameMeter, AHangIsItsOwnPercentileAndNothingIsToldOfNoFrames) {
  FrameMeter meter;
  ASSERT_TRUE(meter.report().frames == 0 && meter.report().meanMs == 0 && meter.report().p99Ms == 0);
  meter.frame(0);
  meter.frame(60'000);
  ASSERT_TRUE(meter.report().p99Ms == 60'000 && meter.report().longestMs == 60'000);
  // A clock that goes back counts for nothing.
  meter.frame(1'000);
  ASSERT_EQ(meter.report().frames, 1);
}
