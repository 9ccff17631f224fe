#include "core/bridge-client.cpp"
