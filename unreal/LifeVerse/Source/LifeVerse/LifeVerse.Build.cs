using System.IO;
using UnrealBuildTool;

public class LifeVerse : ModuleRules
{
	public LifeVerse(ReadOnlyTargetRules Target) : base(Target)
	{
		PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
		// Each file of the core is a translation unit of its own: several have helpers of the same name.
		bUseUnity = false;

		PublicDependencyModuleNames.AddRange(new[] { "Core", "CoreUObject", "Engine", "DeveloperSettings", "NetCore" });
		PrivateDependencyModuleNames.AddRange(new[] { "HTTP", "WebSockets", "Sockets", "PacketHandler" });

		// The core: inside the plugin where it was staged (`make unreal`), beside it in a checkout of the repository.
		string Staged = Path.Combine(PluginDirectory, "Source", "ThirdParty", "lifeverse");
		string Beside = Path.GetFullPath(Path.Combine(PluginDirectory, ".."));
		string CoreParent = Directory.Exists(Path.Combine(Staged, "core")) ? Staged : Beside;
		if (!File.Exists(Path.Combine(CoreParent, "core", "session.h")))
		{
			throw new BuildException("LifeVerse: the core is neither in {0} nor in {1}; run `make unreal` in the repository and copy .local/unreal/LifeVerse", Staged, Beside);
		}
		PrivateIncludePaths.Add(CoreParent);
	}
}
