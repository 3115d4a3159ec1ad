// The scenes of waiters and managers and the start page, each before axe.
import { tryScenes } from './axe.mjs';
import { FLOOR_SCENES } from './floor-scenes.mjs';

tryScenes(Object.keys(FLOOR_SCENES));
