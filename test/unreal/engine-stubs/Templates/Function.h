#pragma once
#include <type_traits>

template <typename Signature>
class TFunction;

template <typename R, typename... Types>
class TFunction<R(Types...)>
{
public:
	template <typename F, typename = std::enable_if_t<std::is_invocable_r_v<R, F, Types...>>>
	TFunction(F&&)
	{
	}
	R operator()(Types... Values) const;
};
