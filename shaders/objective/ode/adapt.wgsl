//! import grid
// Steps whose lengths follow an estimate of the error, of many trajectories at once. A dispatch tries a bounded number of
// steps; what it leaves in `states` and `courses` the next one goes on with.
struct Part {
    tries: u32,        // of a dispatch
    most: u32,         // of a trajectory in all
    counts: u32,       // whether to count those under way
    intervals: u32,
    every: u32,        // a sample after so many intervals, and after the last one
    trajectories: u32,
    relative: f32,     // error allowed, as a share of the component
    absolute: f32,     // the same, as a share of the largest that the component was
    longest: f32,      // step
}
struct Course {
    interval: u32,     // this many are done
    tries: u32,
    fate: u32,
    since: f32,        // time since the start of the interval: sums of times stay short
    h: f32,
    error: f32,        // of the last step taken, of what is allowed
}
@group(2) @binding(0) var<uniform> part: Part;
@group(2) @binding(1) var<storage, read> intervals: array<vec2f>; // start and length
@group(2) @binding(2) var<storage, read> constant_rows: array<f32>; // row constant, column trajectory
@group(2) @binding(3) var<storage, read_write> states: array<f32>; // row component, column trajectory: state, then largest
@group(2) @binding(4) var<storage, read_write> samples: array<f32>; // row component, column trajectory; one such table after the other
@group(2) @binding(5) var<storage, read_write> courses: array<Course>;
@group(2) @binding(6) var<storage, read_write> under_way: atomic<u32>;

// The largest error of a component, of what is allowed it.
fn weighed(error: State, before: State, after: State, largest: State) -> f32 {
    var worst = 0.0;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        let size = max(abs(before[i]), abs(after[i]));
        let allowed = max(part.relative * size + part.absolute * max(size, largest[i]), 1e-30);
        worst = max(worst, abs(error[i]) / allowed);
    }
    return worst;
}

// One thread per trajectory.
@compute @workgroup_size(WORKGROUP)
fn adapt(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let trajectory = line(global, groups);
    if trajectory >= part.trajectories { return; }
    var course = courses[trajectory];
    if course.fate != UNDER_WAY { return; }
    for (var k = 0u; k < CONSTANTS; k += 1u) {
        constants[k] = constant_rows[k * part.trajectories + trajectory];
    }
    var y: State;
    var largest: State;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        y[i] = states[i * part.trajectories + trajectory];
        largest[i] = max(states[(COMPONENTS + i) * part.trajectories + trajectory], abs(y[i]));
    }
    var interval = intervals[course.interval];
    var slope = rhs(interval.x + course.since, y);
    var refused = false;
    for (var n = 0u; course.fate == UNDER_WAY && n < part.tries; n += 1u) {
        // The last step of an interval ends where it does; what two steps are needed for is halved.
        let left = interval.y - course.since;
        let ends = course.h >= 0.999 * left;
        let h = select(min(course.h, 0.5 * left), left, ends);
        let trial = tried(interval.x + course.since, h, y, slope);
        let finite = is_finite_state(trial.y) && is_finite_state(trial.error);
        let error = select(1e30, clamp(weighed(trial.error, y, trial.y, largest), 1e-10, 1e30), finite);
        course.tries += 1u;
        if error <= 1.0 {
            y = trial.y;
            slope = trial.slope;
            for (var i = 0u; i < COMPONENTS; i += 1u) {
                largest[i] = max(largest[i], abs(y[i]));
            }
            // Gustafsson's control, with the numbers of Hairer, Nørsett and Wanner 1993, II.4.
            let growth = clamp(0.9 * pow(error, -0.17) * pow(course.error, 0.04), 0.2, select(10.0, 1.0, refused));
            // A step cut short by the interval says nothing against a longer one.
            course.h = min(max(h * growth, select(0.0, course.h, h < course.h && growth >= 1.0)), part.longest);
            course.error = max(error, 1e-4);
            refused = false;
            course.since += h;
            if ends {
                course.since = 0.0;
                course.interval += 1u;
                if course.interval % part.every == 0u || course.interval == part.intervals {
                    let table = (course.interval - 1u) / part.every * COMPONENTS;
                    for (var i = 0u; i < COMPONENTS; i += 1u) {
                        samples[(table + i) * part.trajectories + trajectory] = y[i];
                    }
                }
                if course.interval == part.intervals {
                    course.fate = DONE;
                } else {
                    interval = intervals[course.interval];
                }
            }
        } else {
            course.h = h * max(0.9 * pow(error, -0.17), 0.2);
            refused = true;
        }
        if course.fate == UNDER_WAY {
            // A millionth of the interval: beyond it the times of steps fall together.
            if course.h < 0x1p-20f * min(interval.y, part.longest) {
                course.fate = select(NOT_FINITE, STEP_TOO_SMALL, finite);
            } else if course.tries >= part.most {
                course.fate = TOO_MANY_STEPS;
            }
        }
    }
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        states[i * part.trajectories + trajectory] = y[i];
        states[(COMPONENTS + i) * part.trajectories + trajectory] = largest[i];
    }
    courses[trajectory] = course;
    if course.fate == UNDER_WAY && part.counts != 0u {
        atomicAdd(&under_way, 1u);
    }
}
