#include "core/packet-key.cpp"
