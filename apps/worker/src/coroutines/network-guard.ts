/**
 * The network guard: which addresses requests may reach.
 *
 * Owns: the verdict on an address and the only door through which connections are made. Does not own: what is said over
 * them (request.ts).
 * N1. An address is judged when it is dialled: a literal before the dial, a name by the very look-up whose answer is
 *     dialled. A name that changes its address between check and use (DNS rebinding) gains nothing.
 * N2. What is not public unicast is refused: private, loopback, link-local (cloud metadata), reserved, multicast; an
 *     IPv4 address inside IPv6 is judged as that IPv4 address or refused. Only an allowed network overrules this.
 */
import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector } from 'undici';
import { AddressRefused } from './fetch-errors.ts';

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];
type LookupAll = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Always this machine, whatever a resolver says (RFC 6761). */
const localName = /(^|\.)localhost\.?$/i;
const localAddresses: LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** The part of IPv6 that is handed out for public unicast. */
const publicIpv6 = ipaddr.IPv6.parseCIDR('2000::/3');

export class NetworkGuard {
  readonly #allowed: Network[];

  /** `allow`: networks in CIDR notation that may be reached besides public ones. */
  constructor(allow: readonly string[]) {
    this.#allowed = allow.map(parseNetwork);
  }

  /** Why the address must not be reached; undefined when it may. */
  refusal(address: string): string | undefined {
    const ip = ipaddr.process(address);
    if (this.#allowed.some(([network, bits]) => network.kind() === ip.kind() && ip.match(network, bits)))
      return undefined;
    if (ip.range() !== 'unicast') return ip.range();
    return ip instanceof ipaddr.IPv6 && !ip.match(publicIpv6) ? 'reserved' : undefined;
  }

  /** A connection pool that dials only what the guard lets pass. */
  agent(resolve: LookupAll = systemLookup): Agent {
    const dial = buildConnector({ allowH2: false, autoSelectFamily: true, lookup: this.#lookup(resolve) });
    return new Agent({
      allowH2: false,
      connect: (target, callback) => {
        const refusal = isIP(target.hostname) === 0 ? undefined : this.refusal(target.hostname);
        if (refusal === undefined) dial(target, callback);
        else callback(new AddressRefused(refusalText(target.hostname, refusal)), null);
      },
    });
  }

  #lookup(resolve: LookupAll): LookupFunction {
    return (host, options, callback) => {
      const answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[] = []): void => {
        const passed = addresses.filter(({ address }) => this.refusal(address) === undefined);
        const [first] = passed;
        if (error !== null) callback(error, '');
        else if (first === undefined) callback(this.#refused(host, addresses), '');
        else if (options.all === true) callback(null, passed);
        else callback(null, first.address, first.family);
      };
      if (localName.test(host)) answer(null, localAddresses);
      else resolve(host, { ...options, all: true }, answer);
    };
  }

  #refused(host: string, addresses: LookupAddress[]): AddressRefused {
    const [first] = addresses.map(({ address }) => address);
    if (first === undefined) return new AddressRefused(`${host} has no address`);
    return new AddressRefused(refusalText(`${host} (${first})`, this.refusal(first)));
  }
}

const refusalText = (address: string, range: string | undefined): string =>
  `${address} is not a public address (${range}); networks that may be reached are listed in CORRAL_FETCH_ALLOW`;

function parseNetwork(text: string): Network {
  const network = ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined;
  if (network === undefined)
    throw new TypeError(`"${text}" is no network; write address/bits, for example 10.0.0.0/8 or 127.0.0.1/32`);
  if (network[0] instanceof ipaddr.IPv6 && network[0].isIPv4MappedAddress())
    throw new TypeError(`"${text}" is an IPv4 network inside IPv6; write it as IPv4`);
  return network;
}
