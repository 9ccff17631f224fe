#include "core/stream-message.cpp"
