// tus-js-client against the upload endpoint. Arguments: step, endpoint, token, file, packet, seal-sha256, and for `rest` the upload's URL.
//
// part: makes an upload and pauses past the half; prints the URL.
// rest: a new client that knows the URL alone; asks for the offset and sends what is missing; prints where it began and where it ended.
// end:  makes an upload, pauses, and gives it up (termination); prints the URL.
// Each piece goes with its sha256, which this client does not do by itself: the header is added to its requests.

import {createHash} from 'node:crypto'
import {closeSync, openSync, readFileSync, readSync, statSync} from 'node:fs'
import {createRequire} from 'node:module'

const tus = createRequire(`${process.env.TUS_JS_FOLDER}/`)('tus-js-client')
const [step, endpoint, token, path, packet, seal, url] = process.argv.slice(2)
const size = statSync(path).size
const chunkSize = Math.max(Math.floor(size / 7), 1)
let began = null

function digest(offset) {
  const bytes = Buffer.alloc(Math.min(chunkSize, size - offset))
  const file = openSync(path)
  readSync(file, bytes, 0, bytes.length, offset)
  closeSync(file)
  return createHash('sha256').update(bytes).digest('base64')
}

const done = new Promise((resolve, reject) => {
  const upload = new tus.Upload(readFileSync(path), {
    endpoint: step === 'rest' ? undefined : endpoint,
    uploadUrl: step === 'rest' ? url : undefined,
    chunkSize,
    retryDelays: null,
    headers: {Authorization: `Bearer ${token}`},
    metadata: {packet, 'seal-sha256': seal},
    onBeforeRequest(request) {
      if (request.getMethod() !== 'PATCH') return
      const offset = Number(request.getHeader('Upload-Offset'))
      began ??= offset
      request.setHeader('Upload-Checksum', `sha256 ${digest(offset)}`)
    },
    onChunkComplete(_, sent) {
      if (step === 'rest' || sent < size / 2) return
      upload.abort(step === 'end').then(() => resolve(upload.url), reject)
    },
    onSuccess: () => resolve(step === 'rest' ? `${began} ${size}` : 'sent whole'),
    onError: reject,
  })
  upload.start()
})
console.log(await done)
