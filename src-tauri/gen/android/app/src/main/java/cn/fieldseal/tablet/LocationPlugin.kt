package cn.fieldseal.tablet

import android.Manifest
import android.annotation.SuppressLint
import android.app.Activity
import android.content.Context
import android.location.Location
import android.location.LocationListener
import android.location.LocationManager
import android.os.Build
import android.os.Bundle
import android.os.Looper
import android.os.SystemClock
import androidx.appcompat.app.AppCompatActivity
import app.tauri.PermissionState
import app.tauri.annotation.Command
import app.tauri.annotation.InvokeArg
import app.tauri.annotation.Permission
import app.tauri.annotation.PermissionCallback
import app.tauri.annotation.TauriPlugin
import app.tauri.plugin.Channel
import app.tauri.plugin.Invoke
import app.tauri.plugin.JSObject
import app.tauri.plugin.Plugin

@InvokeArg
class WatchPlaceArgs {
  lateinit var channel: Channel
}

/**
 * Where the tablet is, by the system's own LocationManager: no Google service is asked, since most tablets here have none.
 *
 * Sends `{latitude, longitude, accuracyM, altitudeM?, headingDeg?, atMs, ageMs, mock, provider}` for each fix, and `{none: reason}` when
 * there can be none (`denied`, `unavailable`). Coordinates are WGS-84 as they come. Nothing is asked while the app is not in front.
 */
@TauriPlugin(
  permissions = [
    Permission(
      strings = [Manifest.permission.ACCESS_FINE_LOCATION, Manifest.permission.ACCESS_COARSE_LOCATION],
      alias = "location"
    ),
    // Who allows the approximate place only is asked no more.
    Permission(strings = [Manifest.permission.ACCESS_COARSE_LOCATION], alias = "coarse")
  ]
)
class LocationPlugin(private val activity: Activity) : Plugin(activity), LocationListener {
  private val manager = activity.getSystemService(Context.LOCATION_SERVICE) as LocationManager
  private var channel: Channel? = null
  private var inFront = true

  @Command
  fun watch(invoke: Invoke) {
    channel = invoke.parseArgs(WatchPlaceArgs::class.java).channel
    if (allowed()) {
      listen()
      invoke.resolve()
    } else {
      requestPermissionForAlias("location", invoke, "watched")
    }
  }

  @PermissionCallback
  fun watched(invoke: Invoke) {
    if (allowed()) {
      listen()
    } else {
      none("denied")
    }
    invoke.resolve()
  }

  private fun allowed(): Boolean =
    getPermissionState("location") == PermissionState.GRANTED || getPermissionState("coarse") == PermissionState.GRANTED

  @SuppressLint("MissingPermission")
  private fun listen() {
    manager.removeUpdates(this)
    val here = manager.allProviders
    val wanted = listOf(LocationManager.GPS_PROVIDER, LocationManager.NETWORK_PROVIDER).filter { here.contains(it) }
    var listening = false
    for (provider in wanted) {
      try {
        manager.requestLocationUpdates(provider, 2000L, 0f, this, Looper.getMainLooper())
        listening = listening || manager.isProviderEnabled(provider)
      } catch (problem: SecurityException) {
        // Satellites need the precise permission; the network's place does with the approximate one.
        continue
      }
    }
    if (!listening) {
      none("unavailable")
    }
  }

  override fun onPause(activity: AppCompatActivity) {
    inFront = false
    manager.removeUpdates(this)
  }

  override fun onResume(activity: AppCompatActivity) {
    inFront = true
    if (channel != null && allowed()) {
      listen()
    }
  }

  override fun onLocationChanged(location: Location) {
    val to = channel ?: return
    val fix = JSObject()
    fix.put("latitude", location.latitude)
    fix.put("longitude", location.longitude)
    // A place without its accuracy says nothing.
    if (!location.hasAccuracy()) {
      return
    }
    fix.put("accuracyM", location.accuracy.toDouble())
    if (location.hasAltitude()) {
      fix.put("altitudeM", location.altitude)
    }
    if (location.hasBearing()) {
      fix.put("headingDeg", location.bearing.toDouble())
    }
    fix.put("atMs", location.time)
    // By the clock that nobody can set.
    fix.put("ageMs", (SystemClock.elapsedRealtimeNanos() - location.elapsedRealtimeNanos) / 1_000_000L)
    @Suppress("DEPRECATION")
    fix.put("mock", if (Build.VERSION.SDK_INT >= 31) location.isMock else location.isFromMockProvider)
    fix.put("provider", location.provider ?: "unknown")
    to.send(fix)
  }

  override fun onProviderEnabled(provider: String) {}

  override fun onProviderDisabled(provider: String) {
    val others = listOf(LocationManager.GPS_PROVIDER, LocationManager.NETWORK_PROVIDER).any { manager.isProviderEnabled(it) }
    if (inFront && !others) {
      none("unavailable")
    }
  }

  // Called by Android 9 and 10, which have no default for it.
  @Deprecated("Deprecated in Java")
  override fun onStatusChanged(provider: String?, status: Int, extras: Bundle?) {}

  private fun none(reason: String) {
    val said = JSObject()
    said.put("none", reason)
    channel?.send(said)
  }
}
