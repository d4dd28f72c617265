//! Programs in the form of Windows (PE), as far as they are .NET's: those run on any system.

/// Whether a PE file holds code of .NET: its data directory has a header of the runtime (PE format,
/// "Optional Header Data Directories"; ECMA-335, II.25.3.3).
pub(super) fn is_assembly(bytes: &[u8]) -> bool {
    has_runtime_header(bytes).unwrap_or(false)
}

fn has_runtime_header(bytes: &[u8]) -> Option<bool> {
    const DIRECTORY: usize = 14;
    let header = usize::try_from(number(bytes, 0x3c)?).ok()?;
    let rest = bytes.get(header..)?;
    let optional = rest.strip_prefix(b"PE\0\0")?.get(20..)?;
    let directories = match optional.first_chunk()? {
        [0x0b, 0x01] => 96,
        [0x0b, 0x02] => 112,
        _ => return None,
    };
    let count = usize::try_from(number(optional, directories - 4)?).ok()?;
    let address = number(optional, directories + 8 * DIRECTORY)?;
    Some(count > DIRECTORY && address != 0)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let number = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(number.try_into().ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A PE file with an entry in its data directory for the runtime, or without.
    pub(in crate::catalogue::binary) fn portable(wide: bool, runtime: u32) -> Vec<u8> {
        let mut bytes = b"MZ".to_vec();
        bytes.resize(0x3c, 0);
        bytes.extend(0x40_u32.to_le_bytes());
        bytes.extend(b"PE\0\0");
        bytes.resize(bytes.len() + 20, 0);
        let optional = bytes.len();
        bytes.extend([0x0b, if wide { 2 } else { 1 }]);
        let directories = if wide { 112 } else { 96 };
        bytes.resize(optional + directories - 4, 0);
        bytes.extend(16_u32.to_le_bytes());
        bytes.resize(optional + directories + 8 * 14, 0);
        bytes.extend(runtime.to_le_bytes());
        bytes.resize(optional + directories + 8 * 16, 0);
        bytes
    }

    #[test]
    fn assemblies_have_a_header_of_the_runtime() {
        for wide in [true, false] {
            assert!(is_assembly(&portable(wide, 0x2008)));
            assert!(!is_assembly(&portable(wide, 0)));
            let whole = portable(wide, 0x2008);
            for end in 0..whole.len() - 14 {
                assert!(!is_assembly(&whole[..end]), "{end}");
            }
        }
        assert!(!is_assembly(b"MZ"));
        let mut far = portable(true, 1);
        far[0x3c..0x40].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(!is_assembly(&far));
    }
}
