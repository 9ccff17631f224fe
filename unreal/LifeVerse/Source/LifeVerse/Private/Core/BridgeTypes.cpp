#include "core/bridge-types.cpp"
