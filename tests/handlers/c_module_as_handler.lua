-- A C module that is named as the handler's module is refused in the same words, without a position.
--
-- build: static
-- handler: native.handler
-- init-error: Runtime.ImportModuleError: module 'native' is a C module ($ROOT/native.so): the static build of coldmoon loads no shared objects; use the dynamic build (scripts/build --dynamic)
return {}
---- file: native.so
whatever is in it
