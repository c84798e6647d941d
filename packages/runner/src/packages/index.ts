/**
 * Packages on the worker: brought into a step's directory, unpacked or as the file that they are. Archives are hostile
 * until proven otherwise: nothing is ever written outside of the directory, nor more than the limits allow.
 */
export { PackageRefused } from './errors.ts';
export { DEFAULT_LIMITS, type UnpackLimits } from './limits.ts';
export { type PackageDelivery, type PlacedPackage, placePackage } from './place.ts';
export { type Unpacked, type UnpackOptions, unpackPackage } from './unpack.ts';
