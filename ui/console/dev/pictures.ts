/** Drawn stand-ins for photos, so that the console can be worked on without a server. Development only. */

const scenes: ((n: number) => string)[] = [
  (n) => `<rect width="400" height="300" fill="#9fc0d9"/><rect y="190" width="400" height="110" fill="#a9a196"/>
    <g fill="#8fa9bf">${[20, 75, 130, 250, 310, 350].map((x, i) => `<rect x="${String(x)}" y="${String(70 + ((i * 37 + n * 11) % 60))}" width="42" height="130"/>`).join('')}</g>
    <rect x="${String(110 + n * 3)}" y="120" width="210" height="95" fill="#efe8da"/><path d="M${String(104 + n * 3)} 122l216-10 8 8-224 10z" fill="#35618f"/>
    <rect x="${String(130 + n * 3)}" y="140" width="52" height="38" fill="#5d89ab"/><rect x="${String(196 + n * 3)}" y="140" width="52" height="38" fill="#5d89ab"/>
    <rect x="${String(272 + n * 3)}" y="138" width="30" height="77" fill="#78523a"/><rect x="50" y="140" width="44" height="72" rx="8" fill="#8d989f"/>`,
  (n) => `<rect width="400" height="300" fill="#a3563f"/>${Array.from({ length: 15 }, (_, r) => `<path d="M0 ${String(r * 20)}h400" stroke="#8b4634" stroke-width="2"/>`).join('')}
    <rect x="110" y="80" width="180" height="120" rx="10" fill="#1f5fa8" stroke="#fff" stroke-width="4"/><rect x="140" y="112" width="120" height="18" rx="3" fill="#fff"/><rect x="${String(150 + n)}" y="150" width="96" height="26" rx="3" fill="#fff"/>`,
  () => `<rect width="400" height="300" fill="#d9d0bd"/>${Array.from({ length: 20 }, (_, c) => `<path d="M${String(c * 20)} 0v300" stroke="#c3b89f" stroke-width="3"/>`).join('')}
    <rect y="150" width="400" height="22" fill="#e9b930"/>${Array.from({ length: 40 }, (_, c) => `<path d="M${String(c * 10)} 150v${String(c % 5 ? 7 : 13)}" stroke="#222"/>`).join('')}<rect x="330" y="135" width="70" height="52" rx="6" fill="#222"/>`,
  (n) => `<rect width="400" height="300" fill="#5a6772"/>${[70, 215].map((x) => `<rect x="${String(x)}" y="60" width="115" height="180" rx="8" fill="#101c38"/><circle cx="${String(x + 57)}" cy="110" r="18" fill="#d39b38"/><rect x="${String(x + 12)}" y="150" width="90" height="70" fill="#e8ecef"/><rect x="${String(x + 20)}" y="160" width="${String(24 + n)}" height="40" fill="#9fb2c0"/>`).join('')}`,
  (n) => `<rect width="400" height="300" fill="#d8bd8a"/><path d="M0 0l140 90v130L0 300zM400 0L260 90v130l140 80z" fill="#c9a96f"/><rect x="140" y="90" width="120" height="130" fill="#efe0bd"/>
    <path d="M0 300l140-80h120l140 80z" fill="#a9854d"/><rect x="${String(20 + n)}" y="90" width="60" height="170" fill="#875f37"/><rect x="320" y="90" width="60" height="170" fill="#875f37"/>`,
  (n) => `<rect width="400" height="300" fill="#8fb3d1"/><rect y="120" width="400" height="180" fill="#d9b36e"/>${Array.from({ length: 30 }, (_, i) => `<rect x="${String(10 + (i % 10) * 40)}" y="${String(145 + Math.floor(i / 10) * 50)}" width="26" height="28" fill="#7e94a3"/>`).join('')}
    <rect x="${String(60 + n * 4)}" y="40" width="260" height="90" rx="4" fill="#1d8a63"/><rect x="${String(84 + n * 4)}" y="66" width="120" height="20" fill="#fff"/><circle cx="${String(270 + n * 4)}" cy="85" r="28" fill="#f0bd45"/>`,
];

export function picture(packet: number, item: number): string {
  const scene = scenes[(packet + item) % scenes.length] ?? scenes[0];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="1600" height="1200">${scene?.(item) ?? ''}</svg>`;
}
