// The ZeroMQ Authentication Protocol (ZeroMQ RFC 27): libzmq asks, for each new connection to a CURVE server socket,
// whether its client may enter.
import { type Context, Reply } from 'zeromq'
import { CURVE_KEY_BYTES } from '../../auth/curve-pair.ts'

const ENDPOINT = 'inproc://zeromq.zap.01'
const VERSION = '1.0'
const MECHANISM = 'CURVE'
/** Version, request id, domain, address, identity and mechanism come before the credentials. */
const FRAMES_MIN = 6

/** What becomes of a connection: a status of the protocol, and why. */
interface Verdict {
  readonly status: '200' | '300' | '400' | '500'
  readonly why: string
}

/**
 * Options that make a socket a CURVE server whose every client must pass the context's handler. The enforced domain is
 * what keeps all out while no handler runs; without it libzmq would let everybody in then.
 */
export function curveServerOptions(secretKey: string) {
  return {
    curveServer: true,
    curveSecretKey: secretKey,
    zapDomain: 'tickplant',
    zapEnforceDomain: true,
  }
}

/**
 * Answers the authentication requests of all sockets of a context, of which there may be one handler only; it must
 * start before they bind. A client enters when `allows` its public key (32 bytes); libzmq's clients give up when it
 * does not, and need a new connect. While `allows` throws they are kept waiting, and try again after their handshake
 * interval. `onRefused` gets the client's IP address (for ipc, what the kernel knows of the process) and the reason,
 * once per attempt, so as often as a hostile client likes. Only new connections are asked about: libzmq cannot cut a
 * live one, so a client that is revoked stays until it reconnects, or the sockets close.
 */
export async function startZap(
  context: Context,
  allows: (publicKey: Uint8Array) => boolean,
  onRefused: (address: string, why: string) => void,
): Promise<{ close(): void }> {
  const socket = new Reply({ context, linger: 0 })
  await socket.bind(ENDPOINT)
  void answerAll(socket, (frames) => {
    const verdict = judge(frames, allows)
    if (verdict.status !== '200') onRefused(frames[3]?.toString() ?? '', verdict.why)
    return verdict
  })
  return { close: () => socket.close() }
}

async function answerAll(socket: Reply, verdictOf: (frames: Buffer[]) => Verdict): Promise<void> {
  for await (const frames of socket) {
    const { status } = verdictOf(frames)
    // Status text, user id and metadata may be empty: nobody reads them.
    await socket.send([VERSION, frames[1] ?? '', status, '', '', '']).catch((error: unknown) => {
      if (!socket.closed) throw error
    })
  }
}

function judge(frames: readonly Buffer[], allows: (publicKey: Uint8Array) => boolean): Verdict {
  if (frames.length < FRAMES_MIN) return { status: '500', why: 'malformed request' }
  const [version, , , , , mechanism, publicKey, ...surplus] = frames
  if (version!.toString() !== VERSION) return refusal('version is not 1.0')
  if (mechanism!.toString() !== MECHANISM) return refusal('mechanism is not CURVE')
  if (publicKey?.length !== CURVE_KEY_BYTES || surplus.length > 0)
    return refusal('credentials are not one public key of 32 bytes')
  try {
    return allows(publicKey) ? { status: '200', why: 'OK' } : refusal('public key is not allowed')
  } catch (error) {
    return { status: '300', why: (error as Error).message }
  }
}

function refusal(why: string): Verdict {
  return { status: '400', why }
}
