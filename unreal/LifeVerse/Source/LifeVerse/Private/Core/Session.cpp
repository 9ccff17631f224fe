#include "core/session.cpp"
