#pragma once

template <typename T>
class TPimplPtr
{
public:
	bool IsValid() const;
	T* operator->() const;
	void Reset();
};

template <typename T, typename... Types>
TPimplPtr<T> MakePimpl(Types&&... Values)
{
	// Built here in the end, so its arguments are checked here, too.
	static_cast<void>(sizeof(T(static_cast<Types&&>(Values)...)));
	return TPimplPtr<T>();
}
