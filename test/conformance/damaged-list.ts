// A broker's simulator behind a server that spoils its instrument lists.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, inflateRawSync } from 'node:zlib'
import type { Hosts, InstrumentLayout } from '../../adapters/broker.ts'
import type { Scope } from '../support/plant.ts'
import { type Broker, readySession } from './bench.ts'

const KINDS = ['cut', 'short', 'page', 'column'] as const
const SHARE_LEFT = 0.3
type Damage = (typeof KINDS)[number]

export interface DamagedBroker {
  readonly hosts: Hosts
  readonly kinds: readonly Damage[]
  kind: Damage | 'none'
  /** Lists that were spoilt. */
  served: number
}

const PAGE = '<!DOCTYPE html><html><body>Down for maintenance</body></html>'
const GZIP = 0x1f8b
const ZIP = 0x504b

/** The only file in a zip, by its entry in the directory at the end. */
function unzip(bytes: Buffer): Buffer {
  const directory = bytes.indexOf(Buffer.from('504b0102', 'hex'))
  const method = bytes.readUInt16LE(directory + 10)
  const size = bytes.readUInt32LE(directory + 20)
  const header = bytes.readUInt32LE(directory + 42)
  const nameLength = bytes.readUInt16LE(header + 26)
  const start = header + 30 + nameLength + bytes.readUInt16LE(header + 28)
  const packed = bytes.subarray(start, start + size)
  return method === 0 ? packed : inflateRawSync(packed)
}

function unpacked(bytes: Buffer): string {
  const magic = bytes.readUInt16BE(0)
  const content = magic === GZIP ? gunzipSync(bytes) : magic === ZIP ? unzip(bytes) : bytes
  return content.toString()
}

/** A file whose last column or key of its layout has another name. */
function withoutColumn(text: string, { format, columns }: InstrumentLayout): string {
  const column = columns.at(-1)!
  if (format === 'json') return text.replaceAll(`"${column}"`, '"other"')
  const [header = '', ...rows] = text.split('\n')
  return [header.replace(column, 'other'), ...rows].join('\n')
}

/** A whole file with the first of its rows only. */
function withFewRows(text: string, { format }: InstrumentLayout): string {
  const first = <Row>(rows: readonly Row[]) => rows.slice(0, Math.ceil(rows.length * SHARE_LEFT))
  if (format === 'json') return JSON.stringify(first(JSON.parse(text) as unknown[]))
  return `${first(text.split('\n')).join('\n')}\n`
}

const DAMAGES: Readonly<
  Record<Damage, (bytes: Buffer, layout: InstrumentLayout) => Buffer | string>
> = {
  cut: (bytes) => bytes.subarray(0, Math.floor(bytes.length * SHARE_LEFT)),
  short: (bytes, layout) => withFewRows(unpacked(bytes), layout),
  page: () => PAGE,
  column: (bytes, layout) => withoutColumn(unpacked(bytes), layout),
}

/** Serves a broker's REST API with its instrument files spoilt in the way of `kind`. */
export async function serveDamaged(context: Scope, broker: Broker): Promise<DamagedBroker> {
  const { spec, hosts } = broker
  const { layouts, files } = spec.instruments
  const session = await readySession(broker)
  const layoutOf = new Map(
    files(hosts, session).map(({ request, layout }) => {
      return [new URL(request.url).pathname, layouts[layout]!]
    }),
  )
  const state = { kind: 'none' as DamagedBroker['kind'], served: 0 }
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { host: _, connection: __, ...headers } = request.headers
    const url = new URL(request.url!, hosts.rest)
    const reply = await fetch(url, {
      method: request.method!,
      headers: { ...(headers as Record<string, string>), 'accept-encoding': 'identity' },
    })
    const bytes = Buffer.from(await reply.arrayBuffer())
    const layout = layoutOf.get(url.pathname)
    response.writeHead(reply.status)
    if (state.kind === 'none' || layout === undefined) return response.end(bytes)
    state.served += 1
    response.end(DAMAGES[state.kind](bytes, layout))
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const rest = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // What a broker's root has behind the host belongs to every path.
  const root = new URL(hosts.rest).pathname.replace(/\/$/, '')
  return Object.assign(state, { kinds: KINDS, hosts: { ...hosts, rest: rest + root } })
}
