// Direct `ws`: a client of the broker with no plant between, on the library that most programs use.
import WebSocket from 'ws'

/** Opens the feed, says the commands, and resolves; frames are handed on as they come. */
export async function openDirect(
  url: string,
  commands: readonly string[],
  onFrame: (frame: Buffer) => void,
  onClose: (why: string) => void,
): Promise<void> {
  const feed = new WebSocket(url, { perMessageDeflate: false })
  feed.on('message', onFrame)
  feed.on('close', (code) => onClose(String(code)))
  await new Promise<void>((resolve, reject) => {
    feed.on('open', resolve)
    feed.on('error', reject)
  })
  for (const command of commands) feed.send(command)
}
