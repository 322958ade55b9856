/* What src/lua/layout.rs, heap.rs and luajit/ take for granted about LuaJIT's objects, checked by the compiler against LuaJIT's own headers. */

#include <stddef.h>

#include "lj_obj.h"
#include "lj_ctype.h"
#include "lj_buf.h"
#include "lj_gc.h"
#include "lj_state.h"
#include "lj_str.h"
#include "lj_strfmt.h"
#include "lj_strscan.h"
#include "lj_tab.h"
#include "lj_vmevent.h"

#define SAME(left, right) _Static_assert((left) == (right), "src/lua/layout.rs or heap.rs does not fit this LuaJIT: " #left)

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

SAME(offsetof(GCobj, gch.nextgc), 0);
SAME(offsetof(GCobj, gch.marked), 8);
SAME(offsetof(GCobj, gch.gct), 9);
SAME(LJ_GC_WHITES, 3);
SAME(LJ_GC_BLACK, 4);

SAME(offsetof(GCstr, sid), 12);
SAME(offsetof(GCstr, hash), 16);
SAME(VMEVENT_HASH(LJ_VMEVENT_ERRFIN), (int)0x96c9c440u);

SAME(offsetof(GCstr, len), 20);
SAME(sizeof(GCstr), 24);

SAME(offsetof(GCtab, nomm), 10);
SAME(offsetof(GCtab, array), 16);
SAME(offsetof(GCtab, gclist), 24);
SAME(offsetof(GCtab, metatable), 32);
SAME(offsetof(GCtab, node), 40);
SAME(offsetof(GCtab, asize), 48);
SAME(offsetof(GCtab, hmask), 52);

SAME(offsetof(Node, val), 0);
SAME(offsetof(Node, key), 8);
SAME(offsetof(Node, next), 16);
SAME(sizeof(Node), 24);

SAME(offsetof(GCcdata, ctypeid), 10);
SAME(sizeof(GCcdata), 16);
SAME(CTID_INT64, 11);
SAME(CTID_UINT64, 12);

SAME(offsetof(SBuf, w), 0);
SAME(offsetof(SBuf, e), 8);
SAME(offsetof(SBuf, b), 16);
SAME(offsetof(SBuf, L), 24);
SAME(sizeof(SBuf), 32);

SAME(STRFMT_FP(STRFMT_A), 0);
SAME(STRFMT_FP(STRFMT_E), 1);
SAME(STRFMT_FP(STRFMT_F), 2);
SAME(STRFMT_FP(STRFMT_G), 3);
SAME(STRFMT_F_LEFT, 1 << 8);
SAME(STRFMT_F_PLUS, 2 << 8);
SAME(STRFMT_F_ZERO, 4 << 8);
SAME(STRFMT_F_SPACE, 8 << 8);
SAME(STRFMT_F_ALT, 16 << 8);
SAME(STRFMT_F_UPPER, 32 << 8);
SAME(STRFMT_SH_WIDTH, 16);
SAME(STRFMT_SH_PREC, 24);
SAME(STRFMT_G14, 5 | 0x30 | 15 << 24);
SAME(STRFMT_MAXBUF_NUM, 32);

SAME(STRSCAN_OPT_TOINT, 0x01);
SAME(STRSCAN_OPT_TONUM, 0x02);
SAME(STRSCAN_OPT_IMAG, 0x04);
SAME(STRSCAN_OPT_LL, 0x08);
SAME(STRSCAN_OPT_C, 0x10);
SAME(STRSCAN_ERROR, 0);
SAME(STRSCAN_NUM, 1);
SAME(STRSCAN_IMAG, 2);
SAME(STRSCAN_INT, 3);
SAME(STRSCAN_U32, 4);
SAME(STRSCAN_I64, 5);
SAME(STRSCAN_U64, 6);
#if LJ_TARGET_ARM64
SAME(LJ_DUALNUM, 1);
#else
SAME(LJ_DUALNUM, 0);
#endif

SAME(offsetof(lua_State, glref), 16);
SAME(offsetof(lua_State, base), 32);
SAME(offsetof(lua_State, top), 40);
SAME(offsetof(lua_State, maxstack), 48);
SAME(LJ_STACK_EXTRA, 8);
/* A place in the stack takes 17 bits, the length of an array 28. */
_Static_assert(LUAI_MAXSTACK + 2 * LJ_STACK_EXTRA < 1 << 17, "the stack's places");
_Static_assert(LJ_MAX_ASIZE < 1 << 28, "the arrays' lengths");

SAME(offsetof(global_State, gc.total), 16);
SAME(offsetof(global_State, gc.threshold), 24);
SAME(offsetof(global_State, gc.currentwhite), 32);
SAME(offsetof(global_State, gc.grayagain), 64);
SAME(offsetof(global_State, str.tab), 152);
SAME(offsetof(global_State, str.mask), 160);
SAME(offsetof(global_State, str.seed), 176);
SAME(offsetof(global_State, ctype_state), 392);

/* The functions that src/lua/heap.rs and luajit/ call, and those that luajit/ defines. */
#define TYPE(function, ...) _Static_assert(__builtin_types_compatible_p(__typeof__(function), __VA_ARGS__), "src/lua/heap.rs: " #function)

TYPE(lj_str_new, GCstr *(lua_State *, const char *, size_t));
TYPE(lj_tab_new, GCtab *(lua_State *, uint32_t, uint32_t));
TYPE(lj_tab_resize, void(lua_State *, GCtab *, uint32_t, uint32_t));
TYPE(lj_tab_newkey, TValue *(lua_State *, GCtab *, cTValue *));
TYPE(lj_mem_newgco, void *(lua_State *, GCSize));
TYPE(lj_gc_step, int(lua_State *));
TYPE(lj_state_growstack1, void(lua_State *));
TYPE(lj_buf_more2, char *(SBuf *, MSize));
TYPE(lj_strfmt_putfnum, SBuf *(SBuf *, SFormat, lua_Number));
TYPE(lj_strscan_scan, StrScanFmt(const uint8_t *, MSize, TValue *, uint32_t));
TYPE(lj_strscan_num, int(GCstr *, TValue *));
TYPE(lj_strfmt_num, GCstr *(lua_State *, cTValue *));
