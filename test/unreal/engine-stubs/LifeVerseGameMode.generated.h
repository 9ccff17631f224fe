// What UnrealHeaderTool would write.
#pragma once
