import assert from 'node:assert/strict'
import { pack, unpack } from 'msgpackr'
import { MsgpackEncoder, packIdentity, packTarget, tickBytesMax } from '../../codecs/msgpack.ts'
import { encodeOpenAlgo, openAlgoBytesMax, openAlgoHead } from '../../codecs/openalgo.ts'
import { MODE_DEPTH, MODE_QUOTE, type Mode } from '../../codecs/tick.ts'
import { FULL, QUOTE } from '../../sim/kite-wire.ts'
import type { Arm, Case, Group, Target, WorkArm } from './group.ts'
import { LEVELS, makeSamples, type Sample } from './samples.ts'

const JSON_BYTES_MAX = 4096

/** An arm whose result is its length in bytes; the same for a sample every time. */
function encodeArm(
  name: string,
  samples: readonly Sample[],
  encode: (at: number) => number,
): WorkArm {
  const expected = samples.reduce((sum, _, at) => sum + encode(at), 0)
  const work = () => {
    let bytes = 0
    for (let at = 0; at < samples.length; at++) bytes += encode(at)
    return bytes === expected
  }
  return { name, operations: samples.length, work }
}

function msgpackCase(name: string, samples: readonly Sample[], mode: Mode, target?: Target): Case {
  const encoder = new MsgpackEncoder()
  const identities = samples.map(({ identity }) => packIdentity(identity))
  const longest = Math.max(...identities.map(({ length }) => length))
  const into = packTarget(tickBytesMax(longest, LEVELS))
  const objects = samples.map(({ named }) => named)
  const own = (at: number) =>
    encoder.encode(samples[at]!.tick, mode, false, identities[at]!, into, 0)
  objects.forEach((object, at) => {
    assert.deepEqual(unpack(into.bytes.subarray(0, own(at))), object)
    assert.deepEqual(unpack(pack(object)), object)
    assert.deepEqual(JSON.parse(JSON.stringify(object)), object)
  })
  const text = Buffer.alloc(JSON_BYTES_MAX)
  const msgpackr = encodeArm('msgpackr pack', samples, (at) => pack(objects[at]).length)
  return {
    name,
    arms: [
      encodeArm('MsgpackEncoder', samples, own),
      { ...msgpackr, target },
      encodeArm('JSON.stringify', samples, (at) => text.write(JSON.stringify(objects[at]))),
    ],
  }
}

function openAlgoCase(name: string, samples: readonly Sample[], mode: Mode): Case {
  const heads = samples.map(({ identity: { broker, exchange, symbol } }) =>
    openAlgoHead(broker, exchange, symbol, mode),
  )
  const longest = Math.max(...heads.map(({ length }) => length))
  const into = packTarget(openAlgoBytesMax(longest, LEVELS))
  const own = (at: number) => encodeOpenAlgo(samples[at]!.tick, mode, heads[at]!, false, into, 0)
  const textOf = (at: number) => Buffer.from(into.bytes.subarray(0, own(at))).toString()
  const objects = samples.map((_, at) => JSON.parse(textOf(at)) as object)
  objects.forEach((object, at) => {
    // Numbers print alike either way, so the two texts are the same.
    assert.equal(JSON.stringify(object), textOf(at))
  })
  // Into bytes, as a socket sends it.
  const text = Buffer.alloc(JSON_BYTES_MAX)
  const arms: [Arm, Arm] = [
    encodeArm('encodeOpenAlgo', samples, own),
    encodeArm('JSON.stringify', samples, (at) => text.write(JSON.stringify(objects[at]))),
  ]
  return { name, arms }
}

function prepare() {
  const quotes = makeSamples(QUOTE)
  const books = makeSamples(FULL)
  return {
    cases: [
      msgpackCase('quote as msgpack', quotes, MODE_QUOTE, { timesMin: 5 }),
      openAlgoCase('quote as OpenAlgo JSON', quotes, MODE_QUOTE),
      msgpackCase('depth as msgpack', books, MODE_DEPTH),
      openAlgoCase('depth as OpenAlgo JSON', books, MODE_DEPTH),
    ],
  }
}

export const encoders: Group = {
  name: 'encoders',
  about: 'a tick becomes bytes; the others start from a plain object that holds the same',
  operation: 'tick',
  prepare,
}
