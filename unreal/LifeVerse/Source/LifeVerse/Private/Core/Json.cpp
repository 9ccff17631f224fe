#include "core/json.cpp"
