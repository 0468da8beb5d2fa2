// A real server with real packets: the demo makes them, `fieldseal serve` shows them, `fieldseal admin` adds the reviewer.
import { builtUi, program } from './stage.mjs';
import { join } from 'node:path';

const PASSWORD = 'correct horse battery staple';

/** Gives `{ address, account, password }`. With FIELDSEAL_CONSOLE_URL a server that runs already is taken as it is. */
export async function serverWithPackets(stage) {
  const running = process.env.FIELDSEAL_CONSOLE_URL;
  if (running) return { address: running, account: process.env.FIELDSEAL_ACCOUNT ?? 'chenlan', password: process.env.FIELDSEAL_PASSWORD ?? PASSWORD };
  const fieldseal = program('fieldseal');
  const dir = stage.folder('demo');
  await stage.run(fieldseal, ['demo', '--dir', dir, '--keep-server-data']);
  const data = join(dir, 'server');
  await stage.run(fieldseal, ['admin', 'add-account', '--data', data, '--account', 'chenlan', '--name', '陈岚', '--role', 'reviewer', '--password-stdin'], { input: `${PASSWORD}\n` });
  const server = stage.start(fieldseal, ['serve', '--data', data, '--listen', '127.0.0.1:0'], {
    env: { ...process.env, FIELDSEAL_CONSOLE_DIR: builtUi('console') },
  });
  return { address: await stage.address(server, 'fieldseal serve'), account: 'chenlan', password: PASSWORD };
}
