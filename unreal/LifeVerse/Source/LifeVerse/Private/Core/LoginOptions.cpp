#include "core/login-options.cpp"
