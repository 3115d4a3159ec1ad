// The scenes of guests and kitchens, each before axe.
import { tryScenes } from './axe.mjs';
import { FLOOR_SCENES } from './floor-scenes.mjs';
import { SCENES } from './scenes.mjs';

tryScenes(Object.keys(SCENES).filter((name) => !(name in FLOOR_SCENES)));
