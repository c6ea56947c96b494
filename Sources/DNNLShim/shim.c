#include "DNNLShim.h"
