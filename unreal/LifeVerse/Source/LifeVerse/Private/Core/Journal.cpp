#include "core/journal.cpp"
