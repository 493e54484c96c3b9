// The two pictures: decision regions with the data on them, and the loss by generation.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** Fits a canvas to its place, in pixels of the screen; returns what to draw on it with. */
function fitted(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return [context, canvas.clientWidth, canvas.clientHeight];
}

/** Every cell in the colours of its classes, mixed by their probabilities and softened towards the paper. */
function cells(scene, regions) {
  const count = scene.classes.length;
  const classes = scene.classes.map((_, k) => channels(colour(`class-${k}`)));
  const paper = channels(colour("card"));
  const picture = new OffscreenCanvas(scene.side, scene.side);
  const context = picture.getContext("2d");
  const image = context.createImageData(scene.side, scene.side);
  for (let cell = 0; cell < scene.side * scene.side; cell += 1) {
    // The lowest row of the plane is the last of the picture.
    const row = scene.side - 1 - Math.floor(cell / scene.side);
    const at = 4 * (row * scene.side + (cell % scene.side));
    for (let c = 0; c < 3; c += 1) {
      let mixed = 0;
      for (let k = 0; k < count; k += 1) mixed += regions[cell * count + k] * classes[k][c];
      image.data[at + c] = 0.58 * paper[c] + 0.42 * mixed;
    }
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return picture;
}

/** Draws what the network says over the plane, and the points: discs are learned from, rings are held out. */
export function drawPlane(canvas, scene, points, regions) {
  const [context, width, height] = fitted(canvas);
  if (!scene) return;
  if (regions?.length) {
    context.imageSmoothingEnabled = true;
    context.drawImage(cells(scene, regions), 0, 0, width, height);
  }
  const [[left, right], [low, high]] = scene.bounds;
  const radius = Math.max(2, Math.min(4, width / 160));
  const paper = colour("card");
  const shades = scene.classes.map((_, k) => colour(`class-${k}`));
  for (let at = 0; at < points.length; at += 4) {
    const [x, y, label, held] = points.subarray(at, at + 4);
    const shade = shades[label];
    context.beginPath();
    context.arc(((x - left) / (right - left)) * width, height - ((y - low) / (high - low)) * height, radius, 0, 2 * Math.PI);
    context.fillStyle = held ? paper : shade;
    context.strokeStyle = held ? shade : paper;
    context.lineWidth = held ? 1.8 : 0.6;
    context.fill();
    context.stroke();
  }
}

/** Draws best and mean loss of every generation; the scale is logarithmic. */
export function drawCurve(canvas, records, generations) {
  const [context, width, height] = fitted(canvas);
  const [left, right, top, bottom] = [46, width - 12, 12, height - 26];
  context.font = "12px system-ui, sans-serif";
  const usable = records.flat().filter((loss) => loss > 0 && Number.isFinite(loss) && loss < 1e30);
  const lowest = Math.log10(Math.max(1e-6, Math.min(0.1, ...usable)));
  const highest = Math.log10(Math.min(1e6, Math.max(1, ...usable)));
  const x = (generation) => left + ((right - left) * generation) / Math.max(1, generations);
  const y = (loss) => {
    const share = (Math.log10(Math.min(1e6, Math.max(1e-6, loss))) - lowest) / (highest - lowest);
    return bottom - (bottom - top) * Math.min(1, Math.max(0, share));
  };
  context.fillStyle = colour("soft");
  context.strokeStyle = colour("line");
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (let power = Math.floor(lowest); power <= Math.ceil(highest); power += 1) {
    for (const step of [1, 2, 5]) {
      const loss = step * 10 ** power;
      if (Math.log10(loss) < lowest - 1e-9 || Math.log10(loss) > highest + 1e-9) continue;
      context.beginPath();
      context.moveTo(left, y(loss));
      context.lineTo(right, y(loss));
      context.stroke();
      context.fillText(String(Number(loss.toPrecision(1))), left - 7, y(loss));
    }
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillText("0", left, height - 8);
  context.textAlign = "right";
  context.fillText(`${generations} generations`, right, height - 8);
  const line = (index, style, dash, thick) => {
    context.beginPath();
    context.strokeStyle = style;
    context.lineWidth = thick;
    context.lineJoin = "round";
    context.setLineDash(dash);
    records.forEach((record, generation) => context.lineTo(x(generation + 1), y(record[index])));
    context.stroke();
    context.setLineDash([]);
  };
  line(1, colour("soft"), [3, 3], 1);
  line(0, colour("accent"), [], 2);
}
