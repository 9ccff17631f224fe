#include "LifeVerseGameMode.h"

#include "Engine/World.h"
#include "LifeVerseServerSubsystem.h"

namespace
{
/** The mode's own checks first, which are the cheaper ones; then the ticket, whose answer comes when it comes. */
void Admit(AGameModeBase& GameMode, const FString& Options, const FString& Refusal, const AGameModeBase::FOnPreLoginCompleteDelegate& OnComplete)
{
	ULifeVerseServerSubsystem* LifeVerse = ULifeVerseServerSubsystem::Get(&GameMode);
	if (!Refusal.IsEmpty() || !LifeVerse)
	{
		OnComplete.ExecuteIfBound(Refusal);
		return;
	}
	LifeVerse->PreLogin(Options, [OnComplete](const FString& Verdict) { OnComplete.ExecuteIfBound(Verdict); });
}
} // namespace

void ALifeVerseGameModeBase::PreLoginAsync(const FString& Options, const FString& Address, const FUniqueNetIdRepl& UniqueId, const FOnPreLoginCompleteDelegate& OnComplete)
{
	FString Refusal;
	PreLogin(Options, Address, UniqueId, Refusal);
	Admit(*this, Options, Refusal, OnComplete);
}

void ALifeVerseGameMode::PreLoginAsync(const FString& Options, const FString& Address, const FUniqueNetIdRepl& UniqueId, const FOnPreLoginCompleteDelegate& OnComplete)
{
	FString Refusal;
	PreLogin(Options, Address, UniqueId, Refusal);
	Admit(*this, Options, Refusal, OnComplete);
}
