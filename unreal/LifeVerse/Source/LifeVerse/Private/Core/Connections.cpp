#include "core/connections.cpp"
