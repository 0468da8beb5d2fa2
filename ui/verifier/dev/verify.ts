import { main } from './node';

await main(process.argv.slice(2));
