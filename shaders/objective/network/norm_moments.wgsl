// Where the mean of a channel lies, and its variance one further: by candidate of the part, or of the whole chunk.
fn moments_at(candidate: u32, channel: u32) -> u32 {
    return ((candidate + BY_CHUNK * part.candidate) * ALL_CHANNELS + FIRST_CHANNEL + channel) * 2u;
}
