#include "core/bridge-stream.cpp"
