#include "core/session-seats.cpp"
