// Flattrade's hosts. It has two more than a configuration can name: one for the token, one for the lists.
import type { Hosts } from '../broker.ts'
import { originOf } from '../families/noren/sign-in.ts'

export const HOSTS = {
  rest: 'https://piconnect.flattrade.in/PiConnectAPI',
  feed: 'wss://piconnect.flattrade.in/PiConnectWSAPI/',
  login: 'https://auth.flattrade.in',
}

/**
 * Where something lies that the broker publishes on a host of its own. Whoever configured another root of the REST
 * API means that everything is there: then it lies at the root of that host.
 */
export function besideRest(hosts: Hosts, published: string): string {
  return hosts.rest === HOSTS.rest ? published : originOf(hosts.rest)
}
