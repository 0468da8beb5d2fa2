/** What the party draws: strokes as they came, and the picture that is kept of them. Dark lines on white, in every theme. */

/** In the picture's own pixels. */
export type Point = readonly [number, number];
export type Stroke = readonly Point[];

/** Of the picture that is kept, whatever the screen's size. */
export const WIDTH = 1200;
export const HEIGHT = 600;
const LINE = 6;

/** Draws all strokes anew. */
export function drawn(canvas: HTMLCanvasElement, strokes: readonly Stroke[]): void {
  const pen = canvas.getContext('2d');
  if (!pen) return;
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.strokeStyle = '#14181a';
  pen.fillStyle = '#14181a';
  pen.lineWidth = LINE;
  pen.lineCap = 'round';
  pen.lineJoin = 'round';
  for (const stroke of strokes) {
    const [first, ...rest] = stroke;
    if (!first) continue;
    pen.beginPath();
    if (rest.length === 0) {
      // A tap is a dot.
      pen.arc(first[0], first[1], LINE / 2, 0, 2 * Math.PI);
      pen.fill();
      continue;
    }
    pen.moveTo(first[0], first[1]);
    for (const [x, y] of rest) pen.lineTo(x, y);
    pen.stroke();
  }
}
