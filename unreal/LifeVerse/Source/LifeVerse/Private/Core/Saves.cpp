#include "core/saves.cpp"
