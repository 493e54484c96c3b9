//! source Verwer 1994, air pollution, 25 reactions of 20 species; stiff
//! state y1 = 0, y2 = 0.2, y3 = 0, y4 = 0.04, y5 = 0, y6 = 0, y7 = 0.1, y8 = 0.3, y9 = 0.01, y10 = 0
//! state y11 = 0, y12 = 0, y13 = 0, y14 = 0, y15 = 0, y16 = 0, y17 = 0.007, y18 = 0, y19 = 0, y20 = 0
//! constants k1 = 0.35, k2 = 26.6, k3 = 1.23e4, k4 = 8.6e-4, k5 = 8.2e-4, k6 = 1.5e4, k7 = 1.3e-4, k8 = 2.4e4
//! constants k9 = 1.65e4, k10 = 9e3, k11 = 0.022, k12 = 1.2e4, k13 = 1.88, k14 = 1.63e4, k15 = 4.8e6, k16 = 3.5e-4
//! constants k17 = 0.0175, k18 = 1e8, k19 = 4.44e11, k20 = 1.24e3, k21 = 2.1, k22 = 5.78, k23 = 0.0474, k24 = 1.78e3
//! constants k25 = 3.12
//! time 0 60
//! steps 100
//! first 1e-6
// Verwer 1994: r are the speeds of the 25 reactions, rate first, so that no product of small numbers comes up.
fn rhs(t: f32, y: State) -> State {
    let r1 = constants[0] * y[0];
    let r2 = constants[1] * y[1] * y[3];
    let r3 = constants[2] * y[4] * y[1];
    let r4 = constants[3] * y[6];
    let r5 = constants[4] * y[6];
    let r6 = constants[5] * y[6] * y[5];
    let r7 = constants[6] * y[8];
    let r8 = constants[7] * y[8] * y[5];
    let r9 = constants[8] * y[10] * y[1];
    let r10 = constants[9] * y[10] * y[0];
    let r11 = constants[10] * y[12];
    let r12 = constants[11] * y[9] * y[1];
    let r13 = constants[12] * y[13];
    let r14 = constants[13] * y[0] * y[5];
    let r15 = constants[14] * y[2];
    let r16 = constants[15] * y[3];
    let r17 = constants[16] * y[3];
    let r18 = constants[17] * y[15];
    let r19 = constants[18] * y[15];
    let r20 = constants[19] * y[16] * y[5];
    let r21 = constants[20] * y[18];
    let r22 = constants[21] * y[18];
    let r23 = constants[22] * y[0] * y[3];
    let r24 = constants[23] * y[18] * y[0];
    let r25 = constants[24] * y[19];
    return State(
        -r1 - r10 - r14 - r23 - r24 + r2 + r3 + r9 + r11 + r12 + r22 + r25,
        -r2 - r3 - r9 - r12 + r1 + r21,
        -r15 + r1 + r17 + r19 + r22,
        -r2 - r16 - r17 - r23 + r15,
        -r3 + 2.0 * r4 + r6 + r7 + r13 + r20,
        -r6 - r8 - r14 - r20 + r3 + 2.0 * r18,
        -r4 - r5 - r6 + r13,
        r4 + r5 + r6 + r7,
        -r7 - r8,
        -r12 + r7 + r9,
        -r9 - r10 + r8 + r11,
        r9,
        -r11 + r10,
        -r13 + r12,
        r14,
        -r18 - r19 + r16,
        -r20,
        r20,
        -r21 - r22 - r24 + r23 + r25,
        -r25 + r24,
    );
}
