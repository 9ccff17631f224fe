#include "core/notice-watch.cpp"
