//! What an ELF file asks of the machine that it runs on, and what it offers to the shared objects that it loads.
//!
//! Only what the tests ask: whether there is a dynamic linker, the versions of glibc's symbols, the exported symbols, whether there is code
//! that asks for its thread.

use std::path::Path;

use object::Endianness;
use object::elf::{EM_AARCH64, FileHeader64, PF_X, PT_INTERP, PT_LOAD, PT_TLS, SHN_UNDEF};
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader, Sym};

use crate::bootstrap;

type File<'data> = ElfFile64<'data, Endianness>;

fn with_file<R>(path: &Path, look: impl FnOnce(&File<'_>) -> R) -> R {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    look(&File::parse(&*bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Whether the binary under test has a dynamic linker: the builds with glibc.
pub fn bootstrap_is_dynamic() -> bool {
    with_file(&bootstrap(), |file| {
        let header: &FileHeader64<Endianness> = file.elf_header();
        let segments = header.program_headers(file.endian(), file.data()).expect("program headers");
        segments.iter().any(|segment| segment.p_type(file.endian()) == PT_INTERP)
    })
}

/// Whether a binary has storage for threads, or instructions that read where it is: `mov %fs:8, %rax` and others with such an address on
/// x86_64, `mrs x0, tpidr_el0` on aarch64.
pub fn asks_for_its_thread(path: &Path) -> bool {
    with_file(path, |file| {
        let (endian, header) = (file.endian(), file.elf_header());
        let is_aarch64 = header.e_machine.get(endian) == EM_AARCH64;
        let segments = header.program_headers(endian, file.data()).expect("program headers");
        segments.iter().any(|segment| {
            let is_code = segment.p_type(endian) == PT_LOAD && segment.p_flags(endian) & PF_X != 0;
            let code = if is_code { segment.data(endian, file.data()).expect("it is in the file") } else { &[] };
            segment.p_type(endian) == PT_TLS
                || if is_aarch64 {
                    code.as_chunks().0.iter().any(|word| u32::from_le_bytes(*word) & !0x1f == 0xd53b_d040)
                } else {
                    // The segment's prefix, one for 64 bits, the operation, an address without registers.
                    code.windows(5).any(|code| matches!(code, [0x64, 0x48 | 0x4c, _, mode, 0x25] if mode & 0xc7 == 0x04))
                }
        })
    })
}

/// The symbols that it takes from shared objects, each with its version (`GLIBC_2.34`), empty where it has none.
pub fn imports(path: &Path) -> Vec<(String, String)> {
    symbols(path, true)
}

/// The names of the symbols that it exports. Copies of glibc's variables (`environ`), which have a version, are not its own.
pub fn exports(path: &Path) -> Vec<String> {
    symbols(path, false).into_iter().filter(|(_, version)| version.is_empty()).map(|(name, _)| name).collect()
}

fn symbols(path: &Path, is_undefined: bool) -> Vec<(String, String)> {
    with_file(path, |file| {
        let endian = file.endian();
        let versions = file.elf_section_table().versions(endian, file.data()).expect("a version table");
        let table = file.elf_dynamic_symbol_table();
        let mut found = Vec::new();
        for (index, symbol) in table.enumerate() {
            let name = symbol.name(endian, table.strings()).expect("a name");
            if name.is_empty() || (symbol.st_shndx(endian) == SHN_UNDEF) != is_undefined {
                continue;
            }
            let version = versions.as_ref().and_then(|versions| versions.version(versions.version_index(endian, index)).ok().flatten());
            let version = version.map(|version| String::from_utf8_lossy(version.name()).into_owned());
            found.push((String::from_utf8_lossy(name).into_owned(), version.unwrap_or_default()));
        }
        found
    })
}
