#include "core/game-server.cpp"
