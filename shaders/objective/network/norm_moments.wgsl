// Where the mean of a channel lies, and its variance one further: by candidate of the part, or of the whole chunk.
fn moments_at(candidate: u32, channel: u32) -> u32 {
    return ((candidate + BY_CHUNK * part.candidate) * ALL_CHANNELS + FIRST_CHANNEL + channel) * 2u;
}

// A channel of a candidate that a workgroup adds up, the values of its pixels and rows one after the other; none of a
// candidate beyond the part.
struct Channel {
    runs: bool,
    number: u32,    // among those of all candidates
    candidate: u32,
    channel: u32,
    first: u32,
    values: u32,
}

fn channel_of(group: vec3u, groups: vec3u) -> Channel {
    let number = group_line(group, groups);
    let candidate = number / CHANNELS;
    let channel = number % CHANNELS;
    let runs = candidate < part.candidates && clock.stopped == 0u;
    let first = (candidate * VALUES + channel * PIXELS) * PADDED_ROWS;
    return Channel(runs, number, candidate, channel, first, select(0u, PIXELS * PADDED_ROWS, runs));
}

// A value and row of a candidate that a thread has.
struct Value {
    runs: bool,
    candidate: u32,
    channel: u32,
    row: u32,
    place: u32,
}

fn value_of(t: u32) -> Value {
    let row = t % PADDED_ROWS;
    let value = t / PADDED_ROWS % (CHANNELS * PIXELS);
    let candidate = t / PADDED_ROWS / (CHANNELS * PIXELS);
    let runs = candidate < part.candidates && clock.stopped == 0u;
    return Value(runs, candidate, value / PIXELS, row, (candidate * VALUES + value) * PADDED_ROWS + row);
}
