#include "LifeVerseTypes.h"
#include "Modules/ModuleManager.h"

DEFINE_LOG_CATEGORY(LogLifeVerse);

IMPLEMENT_MODULE(FDefaultModuleImpl, LifeVerse)
