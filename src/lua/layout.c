/* What src/lua/layout.rs takes for granted about LuaJIT's objects, checked by the compiler against LuaJIT's own headers. */

#include <stddef.h>

#include "lj_obj.h"
#include "lj_ctype.h"
#include "lj_vmevent.h"

#define SAME(left, right) _Static_assert((left) == (right), "src/lua/layout.rs does not fit this LuaJIT: " #left)

SAME(LJ_GC64, 1);
SAME(LJ_64, 1);
SAME(sizeof(TValue), 8);
SAME(LJ_GCVMASK, ((uint64_t)1 << 47) - 1);
SAME(LJ_TNIL, ~0u);
SAME(LJ_TFALSE, ~1u);
SAME(LJ_TTRUE, ~2u);
SAME(LJ_TLIGHTUD, ~3u);
SAME(LJ_TSTR, ~4u);
SAME(LJ_TTHREAD, ~6u);
SAME(LJ_TFUNC, ~8u);
SAME(LJ_TCDATA, ~10u);
SAME(LJ_TTAB, ~11u);
SAME(LJ_TUDATA, ~12u);
SAME(LJ_TISNUM, ~13u);

SAME(VMEVENT_HASH(LJ_VMEVENT_ERRFIN), (int)0x96c9c440u);

SAME(offsetof(lua_State, top), 40);

SAME(offsetof(GCstr, len), 20);
SAME(sizeof(GCstr), 24);

SAME(offsetof(GCtab, array), 16);
SAME(offsetof(GCtab, metatable), 32);
SAME(offsetof(GCtab, node), 40);
SAME(offsetof(GCtab, asize), 48);
SAME(offsetof(GCtab, hmask), 52);

SAME(offsetof(Node, val), 0);
SAME(offsetof(Node, key), 8);
SAME(sizeof(Node), 24);

SAME(offsetof(GCcdata, ctypeid), 10);
SAME(sizeof(GCcdata), 16);
SAME(CTID_INT64, 11);
SAME(CTID_UINT64, 12);
