#include "core/routing-token.cpp"
