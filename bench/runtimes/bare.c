// Bare LuaJIT: opens its libraries and runs a chunk. What a runtime without a runtime weighs.
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

int main(int argc, char **argv)
{
	lua_State *L = luaL_newstate();
	if (!L) return 1;
	luaL_openlibs(L);
	return argc > 1 && (luaL_loadfile(L, argv[1]) || lua_pcall(L, 0, 0, 0));
}
