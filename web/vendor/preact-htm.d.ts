// Types of the vendored module, for `tsc`: Preact's own, and htm's template tag.
import type { VNode } from 'preact';

export {
  cloneElement, Component, createContext, createElement, createRef, Fragment, h, hydrate, isValidElement, options,
  render, toChildArray,
} from 'preact';
export {
  useCallback, useContext, useDebugValue, useEffect, useErrorBoundary, useId, useImperativeHandle, useLayoutEffect,
  useMemo, useReducer, useRef, useState,
} from 'preact/hooks';
export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
