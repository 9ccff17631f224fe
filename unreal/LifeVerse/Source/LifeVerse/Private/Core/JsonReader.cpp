#include "core/json-reader.cpp"
