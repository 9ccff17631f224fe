#!/bin/sh
# Stages the plugin with its core in .local/unreal/LifeVerse, ready to be copied into a project's Plugins folder; then, where UE_ROOT names
# an Unreal Engine, has Unreal's own BuildPlugin compile it.
set -eu
cd "$(dirname "$0")/.."
STAGED=.local/unreal/LifeVerse
rm -rf "$STAGED"
mkdir -p "$STAGED/Source/ThirdParty/lifeverse"
cp -R unreal/LifeVerse/. "$STAGED/"
cp -R unreal/core "$STAGED/Source/ThirdParty/lifeverse/core"
echo "staged: $STAGED (copy it into YourProject/Plugins/)"

if [ -z "${UE_ROOT:-}" ]; then
  echo "UE_ROOT is not set: nothing was compiled. UE_ROOT=/path/to/UnrealEngine (5.4 or newer, the folder that holds Engine/) has Unreal's BuildPlugin compile it."
  exit 0
fi
case "$(uname -s)" in
  Linux) RUN="$UE_ROOT/Engine/Build/BatchFiles/RunUAT.sh" PLATFORM=Linux ;;
  Darwin) RUN="$UE_ROOT/Engine/Build/BatchFiles/RunUAT.command" PLATFORM=Mac ;;
  *) RUN="$UE_ROOT/Engine/Build/BatchFiles/RunUAT.bat" PLATFORM=Win64 ;;
esac
if [ ! -e "$RUN" ]; then
  echo "no Unreal Engine in UE_ROOT=$UE_ROOT: $RUN is missing" >&2
  exit 1
fi
VERSION="$UE_ROOT/Engine/Build/Build.version"
MINOR=$(sed -n 's/.*"MinorVersion": *\([0-9]*\).*/\1/p' "$VERSION" 2>/dev/null || true)
MAJOR=$(sed -n 's/.*"MajorVersion": *\([0-9]*\).*/\1/p' "$VERSION" 2>/dev/null || true)
if [ "${MAJOR:-0}" -lt 5 ] || { [ "${MAJOR:-0}" -eq 5 ] && [ "${MINOR:-0}" -lt 4 ]; }; then
  echo "Unreal Engine ${MAJOR:-?}.${MINOR:-?} in UE_ROOT=$UE_ROOT is too old, or $VERSION cannot be read: 5.4 is the oldest" >&2
  exit 1
fi
exec "$RUN" BuildPlugin -Plugin="$PWD/$STAGED/LifeVerse.uplugin" -Package="$PWD/.local/unreal/package" -TargetPlatforms="$PLATFORM" -Rocket
