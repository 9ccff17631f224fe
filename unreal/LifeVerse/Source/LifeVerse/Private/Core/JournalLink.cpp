#include "core/journal-link.cpp"
