//! Stored records as bytes: fixed-width big-endian fields, texts and lists with their length before them.

/// Writes a record.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Begins a record of this version.
    pub(crate) fn of_version(version: u8) -> Self {
        Self(vec![version])
    }

    pub(crate) fn number<const N: usize>(&mut self, bytes: [u8; N]) -> &mut Self {
        self.0.extend(bytes);
        self
    }

    /// At most 65,535 bytes; what is longer is cut, which bounds elsewhere keep from happening.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.number(length.to_be_bytes());
        self.0.extend(bytes.iter().take(length.into()));
        self
    }

    /// A list of values of one width, at most 255.
    pub(crate) fn list<const N: usize>(&mut self, values: &[[u8; N]]) -> &mut Self {
        let count = u8::try_from(values.len()).unwrap_or(u8::MAX);
        self.0.push(count);
        for value in values.iter().take(count.into()) {
            self.0.extend(value);
        }
        self
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// Reads a record; every reading is none once the bytes run out.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The version, and what follows it.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<(u8, Self)> {
        let (version, rest) = bytes.split_first()?;
        Some((*version, Self(rest)))
    }

    pub(crate) fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (number, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*number)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(self.number()?);
        let (bytes, rest) = self.0.split_at_checked(length.into())?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    pub(crate) fn list<const N: usize>(&mut self) -> Option<Vec<[u8; N]>> {
        let [count] = self.number::<1>()?;
        (0..count).map(|_| self.number::<N>()).collect()
    }

    /// `value` if nothing is left over.
    pub(crate) fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}
