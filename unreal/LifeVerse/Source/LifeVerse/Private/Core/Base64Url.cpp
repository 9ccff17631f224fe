#include "core/base64url.cpp"
